SELECT * FROM sample_sales();
SELECT amount FROM sample_sales(7, days => 10, products => 5);
SELECT count(*) FROM sample_sales(start => DATE '2024-02-29') WHERE quantity > 3