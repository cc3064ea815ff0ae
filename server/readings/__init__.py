"""What sensors measure: taken in, thinned out, kept for a while, and told in buckets."""
