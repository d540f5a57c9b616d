// Package account answers "who is this?": API credentials and SMPP logins, how
// they are made, hashed and checked, and why one was refused. (Users, sign-in and scopes come
// with the portal.)
//
// It must not know a face: it says yes or gives one error for every reason, so
// that a caller learns nothing by probing; the reason goes to the operator.
package account
