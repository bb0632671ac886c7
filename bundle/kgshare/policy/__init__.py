"""The policy: fixed, well-named checks of what is about to be shared, with thresholds and waivers of the project's own."""
