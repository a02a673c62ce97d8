SELECT * FROM sample_sales(days => 4000000);
SELECT * FROM sample_sales(start => '9999-12-30', days => 3);
SELECT "B" FROM read_csv('x*.csv', header => true)