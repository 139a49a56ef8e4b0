"""Lines that have an index: rules, ACLs, filters, captures and log targets."""
