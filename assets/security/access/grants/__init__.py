"""The policy in the databases themselves: roles, views and grants, so that the tables are closed there too."""
