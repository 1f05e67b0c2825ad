"""The only place with SQL: the tables, their migrations, and one module of questions and changes per noun."""
