package smsapi

import (
	"strconv"
	"strings"
)

// fixture is a request of a real client, byte for byte (compat.md §2; K and T
// stand for the credentials), and what the handler must see of it.
type fixture struct {
	name    string
	request string
	action  Action
	method  string
	want    map[Name]string // exactly these are present
}

// withHost completes a request: line, headers that matter, body.
func withHost(line, headers, body string) string {
	return line + "\r\nHost: sms.example\r\n" + headers + "\r\n" + body
}

// sized adds a Content-Length to the headers.
func sized(line, headers, body string) string {
	return withHost(line, headers+"Content-Length: "+strconv.Itoa(len(body))+"\r\n", body)
}

const (
	formType      = "Content-Type: application/x-www-form-urlencoded\r\n"
	multipartType = "Content-Type: multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxk\r\n"
)

// form builds a multipart body of name and value pairs.
func form(pairs ...string) string {
	var b strings.Builder
	for i := 0; i < len(pairs); i += 2 {
		b.WriteString("------WebKitFormBoundary7MA4YWxk\r\nContent-Disposition: form-data; name=\"" + pairs[i] + "\"\r\n\r\n" + pairs[i+1] + "\r\n")
	}
	b.WriteString("------WebKitFormBoundary7MA4YWxk--\r\n")
	return b.String()
}

// fixtures lists the request lines of compat.md §2 in its order, and then
// further shapes that §1 asks for.
func fixtures() []fixture {
	return append(publishedFixtures(), furtherFixtures()...)
}

func publishedFixtures() []fixture {
	return []fixture{
		{"urlencoded query", withHost("GET /smsAPI?sendsms=1&apikey=K&apitoken=T&type=sms&from=ACME&to=%2B254711243807%2C+%2B254711243808&text=Hi+%26+100%25+%22ok%22%3B+next&scheduledate=2026-11-24+20%3A11%3A07 HTTP/1.1", "", ""),
			ActionSendSMS, "GET", map[Name]string{SendSMS: "1", APIKey: "K", APIToken: "T", Type: "sms", From: "ACME", To: "+254711243807, +254711243808", Text: `Hi & 100% "ok"; next`, ScheduleDate: "2026-11-24 20:11:07"}},
		{"percent-encoded query, empty schedule", withHost("GET /smsAPI?sendsms=true&apikey=K&apitoken=T&from=ACME&to=8801711111111&text=a%20%26%20b%2Bc%3B%20100%25&scheduledate= HTTP/1.1", "", ""),
			ActionSendSMS, "GET", map[Name]string{SendSMS: "true", APIKey: "K", APIToken: "T", From: "ACME", To: "8801711111111", Text: "a & b+c; 100%", ScheduleDate: ""}},
		{"date(1) schedule", withHost("GET /smsAPI?sendsms=true&apikey=K&apitoken=T&from=ACME&to=8801711111111&text=hi&scheduledate=Sun+Jan+27+12%3A03%3A37+UTC+2019 HTTP/1.1", "", ""),
			ActionSendSMS, "GET", map[Name]string{SendSMS: "true", APIKey: "K", APIToken: "T", From: "ACME", To: "8801711111111", Text: "hi", ScheduleDate: "Sun Jan 27 12:03:37 UTC 2019"}},
		{"query-only POST", withHost("POST /smsAPI/?apikey=K&apitoken=T&from=8809601234567&sendsms=1&text=Hello&to=8801717171717%2B8801818181818&type=sms HTTP/1.1", "Content-Length: 0\r\n", ""),
			ActionSendSMS, "POST", map[Name]string{SendSMS: "1", APIKey: "K", APIToken: "T", From: "8809601234567", Text: "Hello", To: "8801717171717+8801818181818", Type: "sms"}},
		{"raw blanks", withHost("GET /smsAPI?sendsms&apikey=K&apitoken=T&from=My Shop&to=94777004416&type=unicode&text=hello+my&scheduledate=2030-01-01 10:00:00 HTTP/1.1", "", ""),
			ActionSendSMS, "GET", map[Name]string{SendSMS: "", APIKey: "K", APIToken: "T", From: "My Shop", To: "94777004416", Type: "unicode", Text: "hello my", ScheduleDate: "2030-01-01 10:00:00"}},
		{"?& before the action", withHost("GET /smsAPI?&groupstatus&apikey=K&apitoken=T&groupid=1234 HTTP/1.1", "", ""),
			ActionGroupStatus, "GET", map[Name]string{GroupStatus: "", APIKey: "K", APIToken: "T", GroupID: "1234"}},
		{"no question mark", withHost("GET /smsAPI&groupstatus&apikey=K&apitoken=T&groupid=12 HTTP/1.1", "", ""),
			ActionGroupStatus, "GET", map[Name]string{GroupStatus: "", APIKey: "K", APIToken: "T", GroupID: "12"}},
		{"lone % and a stray parameter", withHost("POST /smsAPI?sendsms&apikey=K&apitoken=T&from=ACME&to=94777004416&text=%E0%B6%86%20&%20100%%20 HTTP/1.1", "Content-Length: 0\r\n", ""),
			ActionSendSMS, "POST", map[Name]string{SendSMS: "", APIKey: "K", APIToken: "T", From: "ACME", To: "94777004416", Text: "ආ "}},
		{"urlencoded body", sized("POST /smsAPI HTTP/1.1", formType, "sendsms=&apikey=K&apitoken=T&from=8809601004746&type=sms&to=8801717171717&text=Hi+%26+100%25%3B+bye"),
			ActionSendSMS, "POST", map[Name]string{SendSMS: "", APIKey: "K", APIToken: "T", From: "8809601004746", Type: "sms", To: "8801717171717", Text: "Hi & 100%; bye"}},
		{"multipart, empty action", sized("POST /smsAPI HTTP/1.1", multipartType, form("sendsms", "", "apikey", "K", "apitoken", "T", "from", "ACME", "to", "+8801717171717", "text", "100% & more+1;\r\nঅ")),
			ActionSendSMS, "POST", map[Name]string{SendSMS: "", APIKey: "K", APIToken: "T", From: "ACME", To: "+8801717171717", Text: "100% & more+1;\r\nঅ"}},
		{"multipart, action holds the key", sized("POST /smsAPI HTTP/1.1", multipartType, form("sendsms", "K", "apikey", "K", "apitoken", "T", "from", "ACME", "to", "8801711111111", "text", "x")),
			ActionSendSMS, "POST", map[Name]string{SendSMS: "K", APIKey: "K", APIToken: "T", From: "ACME", To: "8801711111111", Text: "x"}},
		{"multipart, action in the query", sized("POST /smsAPI?sendsms HTTP/1.1", multipartType, form("apikey", "K", "apitoken", "T", "from", "ACME", "to", "8801711111111", "text", "x")),
			ActionSendSMS, "POST", map[Name]string{SendSMS: "", APIKey: "K", APIToken: "T", From: "ACME", To: "8801711111111", Text: "x"}},
		{"raw body", sized("POST /smsAPI HTTP/1.1", formType, "sendsms&apikey=K&apitoken=T&from=SMR Agro&to=8801717171717&text=শুভ সকাল 100% off & more+1"),
			ActionSendSMS, "POST", map[Name]string{SendSMS: "", APIKey: "K", APIToken: "T", From: "SMR Agro", To: "8801717171717", Text: "শুভ সকাল 100% off "}},
		{"action in the query, form body", sized("POST /smsAPI?sendsms HTTP/1.1", formType, "apikey=K&apitoken=T&type=sms&from=LTECH&to=2250102030405&text=OTP+3456+%C3%A9+%3B&route=0"),
			ActionSendSMS, "POST", map[Name]string{SendSMS: "", APIKey: "K", APIToken: "T", Type: "sms", From: "LTECH", To: "2250102030405", Text: "OTP 3456 é ;", Route: "0"}},
		{"blanks around names and values", withHost("GET /sadar/portal/smsAPI?%20%20sendsms%20%20&apikey=K%20%20&apitoken=T%20%20&type=sms%20%20&to=+252611&text=hi+there HTTP/1.1", "", ""),
			ActionSendSMS, "GET", map[Name]string{SendSMS: "", APIKey: "K", APIToken: "T", Type: "sms", To: "252611", Text: "hi there"}},
		{"unrelated body", sized("POST /SMSC/smsAPI?sendsms&apikey=K&apitoken=T&from=ACME&to=8801711111111&text=x HTTP/1.1", formType, "do=1"),
			ActionSendSMS, "POST", map[Name]string{SendSMS: "", APIKey: "K", APIToken: "T", From: "ACME", To: "8801711111111", Text: "x"}},
		{"=null and a cookie", withHost("GET /smsAPI?sendsms=null&apikey=K&apitoken=T&from=ACME&to=8801711111111&text=x HTTP/1.1", "Cookie: PHPSESSID=0; sendsms=9; text=other\r\n", ""),
			ActionSendSMS, "GET", map[Name]string{SendSMS: "null", APIKey: "K", APIToken: "T", From: "ACME", To: "8801711111111", Text: "x"}},
	}
}

func furtherFixtures() []fixture {
	send := func(text string) map[Name]string {
		return map[Name]string{SendSMS: "", APIKey: "K", APIToken: "T", From: "ACME", To: "8801711111111", Text: text}
	}
	return []fixture{
		{"two blanks after the method (Q6)", withHost("GET  /smsAPI?sendsms&apikey=K&apitoken=T&from=ACME&to=8801711111111&text=x HTTP/1.1", "", ""),
			ActionSendSMS, "GET", send("x")},
		{"raw newlines (Q6, Q20)", withHost("GET /smsAPI?sendsms&apikey=K&apitoken=T&from=ACME&to=8801711111111&text=a\r\n\r\nb\nc HTTP/1.1", "", ""),
			ActionSendSMS, "GET", send("a\r\n\r\nb\nc")},
		{"encoded newlines (Q20)", withHost("GET /smsAPI?sendsms&apikey=K&apitoken=T&from=ACME&to=8801711111111&text=a%0D%0Ab%0A HTTP/1.1", "", ""),
			ActionSendSMS, "GET", send("a\r\nb\n")},
		{"raw UTF-8 and a semicolon (Q6)", withHost("GET /smsAPI?sendsms&apikey=K&apitoken=T&from=ACME&to=8801711111111&text=সকাল;100%#1 HTTP/1.1", "", ""),
			ActionSendSMS, "GET", send("সকাল;100%#1")},
		{"raw plus (Q7)", withHost("GET /smsAPI?sendsms&apikey=K&apitoken=T&from=ACME&to=+880+1711+111111&text=x HTTP/1.1", "", ""),
			ActionSendSMS, "GET", map[Name]string{SendSMS: "", APIKey: "K", APIToken: "T", From: "ACME", To: "880 1711 111111", Text: "x"}},
		{"no question mark, send with a lone % (Q9)", withHost("GET /smsAPI&sendsms&apikey=K&apitoken=T&from=ACME&to=8801711111111&text=100% off? Yes/no HTTP/1.1", "", ""),
			ActionSendSMS, "GET", send("100% off? Yes/no")},
		{"no question mark, raw UTF-8 (Q6, Q9)", withHost("GET /smsAPI&sendsms&apikey=K&apitoken=T&from=ACME&to=8801711111111&text=শুভ সকাল, \"50%;\" HTTP/1.1", "", ""),
			ActionSendSMS, "GET", send("শুভ সকাল, \"50%;\"")},
		{"no question mark, inbox (Q9)", withHost("POST /x/smsAPI&getinbox&apikey=K&apitoken=T&list=all HTTP/1.1", "Content-Length: 0\r\n", ""),
			ActionGetInbox, "POST", map[Name]string{GetInbox: "", APIKey: "K", APIToken: "T", List: "all"}},
		{"no question mark, balance, later question mark (Q9)", withHost("GET /smsAPI&balance?apikey=K&apitoken=T HTTP/1.1", "", ""),
			ActionBalance, "GET", map[Name]string{Balance: "", APIKey: "K", APIToken: "T"}},
		{"absolute form (Q22)", withHost("GET http://sms.example:8080/smsAPI?balance&apikey=K&apitoken=T HTTP/1.1", "", ""),
			ActionBalance, "GET", map[Name]string{Balance: "", APIKey: "K", APIToken: "T"}},
		{"absolute form with raw blanks (Q6, Q22)", withHost("GET http://sms.example/SMSC/smsAPI?sendsms& apikey=K& apitoken=T&from=ACME&to=8801711111111&text=a b HTTP/1.1", "", ""),
			ActionSendSMS, "GET", send("a b")},
		{"double slash (Q15)", withHost("GET //smsAPI?balance&apikey=K&apitoken=T HTTP/1.1", "", ""),
			ActionBalance, "GET", map[Name]string{Balance: "", APIKey: "K", APIToken: "T"}},
		{"no action (Q10)", withHost("GET /smsAPI?apikey=K&apitoken=T&action=send-sms HTTP/1.1", "", ""),
			NoAction, "GET", map[Name]string{APIKey: "K", APIToken: "T"}},
		{"body without a type (Q2)", sized("POST /smsAPI?sendsms&text=query HTTP/1.1", "", "apikey=K&apitoken=T&from=ACME&to=8801711111111&text=body"),
			ActionSendSMS, "POST", send("body")},
		{"JSON body (Q2)", sized("POST /smsAPI?sendsms&apikey=K&apitoken=T&from=ACME&to=8801711111111&text=x HTTP/1.1", "Content-Type: application/json\r\n", `{"u":"?a=1&text=y"}`),
			ActionSendSMS, "POST", send("x")},
		{"chunked body", withHost("POST /smsAPI?sendsms HTTP/1.1", formType+"Transfer-Encoding: chunked\r\n", "35\r\napikey=K&apitoken=T&from=ACME&to=8801711111111&text=x\r\n0\r\n\r\n"),
			ActionSendSMS, "POST", send("x")},
		{"Expect (no 100 needed)", sized("POST /smsAPI?sendsms&text=a b HTTP/1.1", formType+"Expect: 100-continue\r\n", "apikey=K&apitoken=T&from=ACME&to=8801711111111"),
			ActionSendSMS, "POST", send("a b")},
		{"blanks around names and values, with a sender (Q18)", withHost("GET /sadar/portal/smsAPI?%20%20sendsms%20%20&apikey=K%20%20&apitoken=T%20%20&type=sms%20%20&from=ACME+&to=+252612345678&text=hi+there&route=%200%0A HTTP/1.1", "", ""),
			ActionSendSMS, "GET", map[Name]string{SendSMS: "", APIKey: "K", APIToken: "T", Type: "sms", From: "ACME", To: "252612345678", Text: "hi there", Route: "0"}},
		{"HTTP/1.0 without Host", "GET /smsAPI?balance&apikey=K&apitoken=T HTTP/1.0\r\n\r\n",
			ActionBalance, "GET", map[Name]string{Balance: "", APIKey: "K", APIToken: "T"}},
	}
}
