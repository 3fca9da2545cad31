"""The rules of the product.

Each function takes a Session, flushes and never commits; none knows HTTP or Gradio.
"""
