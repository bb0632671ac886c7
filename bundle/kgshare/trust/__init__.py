"""Trust: keys, whose keys are trusted, signatures, and the verdict on a bundle (docs/how-to/sign-and-verify.md)."""
