"""Results drawn for people: self-contained pages, and figures for papers. Nothing is analysed here."""
