//! One pass: paths → posts → catalog → feeds → documents → published.
