SELECT i || l FROM t;
SELECT dt LIKE 'a' FROM t;
SELECT lenght(x) FROM t