SELECT * FROM generate_series(1, 3);
SELECT read_csv('a');
SELECT a FROM read_csv('x' || '.csv', 'y.csv', header => true, sample_rows => 10 * 2, null_text => 'NA')