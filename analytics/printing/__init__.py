"""Reports on paper: the page's own parts with drawn figures, as HTML that prints and as PDF."""
