"""What several tests share: a laboratory, random data, what must come out of it, projects, servers, machines."""
