"""A run to take away: as a spreadsheet, as a notebook, as a worksheet with a key."""
