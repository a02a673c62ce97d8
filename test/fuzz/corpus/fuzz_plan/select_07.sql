SELECT count(*) FROM (SELECT * FROM sales) s;
SELECT a FROM (VALUES (1, 'x'), (2.5, NULL)) v(a, b) ORDER BY b;
VALUES (1, 'a', NULL), (2.5, 'b', DATE '2025-01-01'), ('3', NULL, NULL)