"""Coverage-guided fuzzing of all that reads what others write: `python -m tests.torture --fuzz`.

Each target is a reader, what it may raise, and what it must keep. Its corpus is made when it is
run: of the declarations' examples, of samples, and of answers that are written as HAProxy writes
them. `by_seed` changes the corpus at random, in a test; `coverage` has atheris do that.
"""
