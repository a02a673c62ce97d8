SELECT (SELECT i, l FROM t);
SELECT (SELECT max(product_id) FROM sales WHERE quantity = i) FROM t;
SELECT (SELECT t.i FROM sales) FROM t