package engine

import (
	"fmt"
	"maps"
	"slices"
)

// Script runs statements without parameters, one after the other.
func (c *Conn) Script(query string) error {
	for query != "" {
		s, rest, err := c.compile(query)
		if err != nil {
			return err
		}
		query = rest
		if s == nil {
			continue
		}
		err = s.Run()
		s.finalize()
		if err != nil {
			return err
		}
	}
	return nil
}

// Stmt is the prepared statement for query, compiled at its first use.
func (c *Conn) Stmt(query string) (*Stmt, error) {
	if s := c.cached[query]; s != nil {
		return s, nil
	}
	s, err := c.Prepare(query)
	if err == nil {
		c.cached[query] = s
	}
	return s, err
}

// Cached are the texts of the statements that Stmt has compiled.
func (c *Conn) Cached() []string { return slices.Sorted(maps.Keys(c.cached)) }

// Exec runs query with arguments of the types int, int64, string, []byte, bool
// and nil, and returns the number of rows changed.
func (c *Conn) Exec(query string, args ...any) (int64, error) {
	s, err := c.bound(query, args)
	if err != nil {
		return 0, err
	}
	if err := s.Run(); err != nil {
		return 0, err
	}
	return c.Changes(), nil
}

// Query runs query and calls row for each row until it returns an error. scan
// takes pointers to int, int64, string, []byte and bool, in order of the
// columns.
func (c *Conn) Query(query string, args []any, row func(scan func(dest ...any) error) error) error {
	s, err := c.bound(query, args)
	if err != nil {
		return err
	}
	for {
		more, err := s.Next()
		if !more {
			return err
		}
		if err := row(s.Scan); err != nil {
			s.Reset()
			return err
		}
	}
}

func (c *Conn) bound(query string, args []any) (*Stmt, error) {
	s, err := c.Stmt(query)
	if err != nil {
		return nil, err
	}
	for _, arg := range args {
		if err := s.bind(arg); err != nil {
			s.Reset()
			return nil, err
		}
	}
	return s, nil
}

func (s *Stmt) bind(arg any) error {
	switch v := arg.(type) {
	case int64:
		s.Int(v)
	case int:
		s.Int(int64(v))
	case string:
		s.Text(v)
	case []byte:
		s.Blob(v)
	case bool:
		s.Bool(v)
	case nil:
		s.Null()
	default:
		return fmt.Errorf("engine: cannot bind a %T", arg)
	}
	return nil
}

// Scan reads the columns of the current row.
func (s *Stmt) Scan(dest ...any) error {
	s.col = 0
	for _, d := range dest {
		switch p := d.(type) {
		case *int64:
			*p = s.GetInt()
		case *int:
			*p = int(s.GetInt())
		case *string:
			*p = s.GetText()
		case *[]byte:
			*p = s.GetBlob()
		case *bool:
			*p = s.GetBool()
		default:
			return fmt.Errorf("engine: cannot scan into a %T", d)
		}
	}
	return nil
}
