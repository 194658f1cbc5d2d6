"""What people do with answers without writing code: look at one, find, sort, compose."""
