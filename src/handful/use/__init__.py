"""What is done with a trained model: released, served, watched, improved, explored."""
