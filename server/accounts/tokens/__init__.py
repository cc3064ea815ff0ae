"""API tokens: a person's own key for a program, narrower than the person, and never a proof of who somebody is."""
