"""Closed forms: kernels, ridge, logistic regression, PCA, CCA, folds and fusion."""
