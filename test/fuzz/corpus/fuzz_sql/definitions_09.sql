create /* x */ or replace -- y
 table t as select 1 a