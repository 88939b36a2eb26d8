"""Plots: components whose root is a Bokeh figure and whose source is a ColumnDataSource that is sent deltas."""
