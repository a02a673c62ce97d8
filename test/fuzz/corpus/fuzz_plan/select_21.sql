SELECT produkt_id FROM sales;
SELECT date_trun('day', ts) FROM t;
SELECT i FROM t GROUP BY l