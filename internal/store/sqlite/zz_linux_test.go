package sqlite
import ("testing";"os";"github.com/harkara/harkara/internal/sms")
func TestZZ(t *testing.T) {
	s := fresh(t, Options{})
	a := newAccount(t, s, "a", 1000*sms.Credit)
	accept(t, s, oneMessage(a, "before", noon))
	show := func(err error) { t.Helper(); t.Log(err) ; if e, ok := err.(*sms.Error); ok { t.Log(e.Err) } } 
	restore := replace(t, s.path+"-wal", "/dev/null")
	_, err := s.Accept(t.Context(), noon, []sms.Call{oneMessage(a, "k", noon)})
	restore()
	for range 4 {
	_, err = s.Balance(t.Context(), a); show(err)
	_, _, err = s.Group(t.Context(), a, 1); show(err)
	_, _, err = s.Group(t.Context(), a, 2); show(err)
	st, _ := os.Stat(s.path+"-wal"); t.Log("wal", st.Size())
	}
}
