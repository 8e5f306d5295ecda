"""Pages for people: templates and plots that reports of training and of evaluation share."""
