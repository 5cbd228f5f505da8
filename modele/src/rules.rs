//! The rules that are said to be needed, and where it shows when one is off.
