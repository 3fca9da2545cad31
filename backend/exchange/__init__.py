"""The files that todos come in and leave by: JSON, CSV, iCalendar, todo.txt, and a feed for calendars.

Pure codecs: they turn a stream of records into bytes and back, one record at a time, and know no database. What a
format cannot carry stands in `losses`.
"""
