"""Other ways to insert an object, trained beside ours for comparison; none of them is shipped."""
