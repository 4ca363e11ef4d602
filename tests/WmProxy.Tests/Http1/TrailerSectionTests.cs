using System.Linq;
using System.Text;
using WmProxy.Http1;

namespace WmProxy.Tests.Http1;

public sealed class TrailerSectionTests
{
    [Theory]
    [InlineData("", nameof(HeadError.None), nameof(HeadError.None))]
    [InlineData("X: a\r\nY:b\r\n", nameof(HeadError.None), nameof(HeadError.None))]
    [InlineData("X : a\r\n", nameof(HeadError.FieldLine), nameof(HeadError.None))]
    [InlineData("X: a\r\n b\r\n", nameof(HeadError.FieldLine), nameof(HeadError.None))]
    [InlineData(" X: a\r\n", nameof(HeadError.FieldLine), nameof(HeadError.FieldLine))]
    [InlineData("X: a\rb\r\n", nameof(HeadError.FieldLine), nameof(HeadError.FieldLine))]
    [InlineData("X: a\0b\r\n", nameof(HeadError.FieldLine), nameof(HeadError.FieldLine))]
    [InlineData("GET http://a/ HTTP/1.1\r\n", nameof(HeadError.FieldLine), nameof(HeadError.FieldLine))]
    [InlineData("GET / HTTP/1.1\r\nHost: a\r\n", nameof(HeadError.FieldLine), nameof(HeadError.FieldLine))]
    [InlineData("Transfer-Encoding: x\r\n", nameof(HeadError.TransferEncoding), nameof(HeadError.TransferEncoding))]
    public void Section_IsReadAsTheHeadIs(string fields, string strict, string lenient)
    {
        var bytes = Encoding.Latin1.GetBytes(fields + "\r\n");

        Assert.Equal((strict, lenient), (new TrailerSection().Parse(bytes, isLenient: false).ToString(), new TrailerSection().Parse(bytes, isLenient: true).ToString()));
    }

    [Theory]
    [InlineData(256, nameof(HeadError.None))]
    [InlineData(257, nameof(HeadError.TooManyFields))]
    public void Fields_AreBounded(int count, string error) =>
        Assert.Equal(error, new TrailerSection().Parse(Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("X: y\r\n", count)) + "\r\n"), isLenient: false).ToString());

    // RFC 9110 section 6.5.1.
    [Theory]
    [InlineData("Digest: x", true)]
    [InlineData("grpc-status: 0", true)]
    [InlineData("Date: x", true)]
    [InlineData("Via: 1.1 a", true)]
    [InlineData("Host: a", false)]
    [InlineData("Content-Length: 1", false)]
    [InlineData("Transfer-Encoding: chunked", false)]
    [InlineData("Connection: close", false)]
    [InlineData("Keep-Alive: x", false)]
    [InlineData("Proxy-Connection: x", false)]
    [InlineData("Proxy-Authorization: x", false)]
    [InlineData("Proxy-Authenticate: x", false)]
    [InlineData("TE: trailers", false)]
    [InlineData("Trailer: x", false)]
    [InlineData("Upgrade: x", false)]
    [InlineData("Expect: 100-continue", false)]
    [InlineData("Max-Forwards: 1", false)]
    [InlineData("Authorization: x", false)]
    [InlineData("Cookie: x", false)]
    public void Allowed_IsWhatNeitherFramesNorRoutesNorIsOfTheConnection(string field, bool isAllowed)
    {
        var section = new TrailerSection();

        Assert.Equal(HeadError.None, section.Parse(Encoding.ASCII.GetBytes($"X: 1\r\n{field.ToUpperInvariant()}\r\n\r\n"), isLenient: false));
        Assert.Equal((true, isAllowed), (section.IsAllowed(0), section.IsAllowed(1)));
    }
}
