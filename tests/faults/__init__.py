"""Real faults on real processes: links, processes, resources, and every write of a run."""
