"""The report that a run writes about itself: `page` renders it."""
