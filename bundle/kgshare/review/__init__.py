"""Reviews: a reviewer's edits become a change set, which is checked, merged, and stays traceable. Git is the history."""
