SELECT * FROM summary;
SELECT _firn_11 FROM summary;
SELECT amount, quantity FROM sales WHERE product_id > 1