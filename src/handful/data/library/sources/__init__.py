"""Where items come from: folders, tables and archives, all seen as candidates."""
