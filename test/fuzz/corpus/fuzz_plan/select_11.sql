SELECT * FROM sample_sales(days => -1);
SELECT * FROM sample_sales(rows => 1);
SELECT * FROM sample_sales(1, seed => 2)