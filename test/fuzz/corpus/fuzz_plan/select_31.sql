SELECT count(i, l) FROM t;
SELECT abs(DISTINCT i) FROM t;
SELECT abs(i) FILTER (WHERE true) FROM t