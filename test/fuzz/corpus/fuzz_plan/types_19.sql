SELECT date_trunc('day', tz), round(n, 1), sum(sqrt(d)), count(*) FILTER (WHERE x LIKE 'a%') FROM t GROUP BY 1, 2;
SELECT 