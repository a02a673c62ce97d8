SELECT produkt_id FROM sales;
SELECT sales.nothing_like_it FROM sales;
SELECT z.i FROM t