"""People and organisations: their pages, what is known of them, and making two records one."""
