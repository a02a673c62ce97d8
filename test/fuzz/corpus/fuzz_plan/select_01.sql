SELECT quantity * 2 AS twice FROM sales WHERE product_id = 101;
SELECT 1 + 1;
SELECT *, 1 AS one FROM summary