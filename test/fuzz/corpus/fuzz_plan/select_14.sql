SELECT sum(total), avg(total), max(total), sum(n) FROM summary;
SELECT sum(total + 1) FROM summary;
SELECT day, sum(total) FILTER (WHERE n > 1) FROM summary GROUP BY day