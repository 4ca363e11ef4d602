using System.Text;
using WmProxy.Http1;

namespace WmProxy.Tests.Http1;

public sealed class FieldNamesTests
{
    [Theory]
    [InlineData("TE", nameof(FieldKind.TE))]
    [InlineData("Via", nameof(FieldKind.Via))]
    [InlineData("Host", nameof(FieldKind.Host))]
    [InlineData("Date", nameof(FieldKind.Date))]
    [InlineData("Expect", nameof(FieldKind.Expect))]
    [InlineData("Cookie", nameof(FieldKind.Cookie))]
    [InlineData("Upgrade", nameof(FieldKind.Upgrade))]
    [InlineData("Trailer", nameof(FieldKind.Trailer))]
    [InlineData("Connection", nameof(FieldKind.Connection))]
    [InlineData("Keep-Alive", nameof(FieldKind.HopByHop))]
    [InlineData("HTTP2-Settings", nameof(FieldKind.HopByHop))]
    [InlineData("Max-Forwards", nameof(FieldKind.MaxForwards))]
    [InlineData("Authorization", nameof(FieldKind.Authorization))]
    [InlineData("Content-Length", nameof(FieldKind.ContentLength))]
    [InlineData("Transfer-Encoding", nameof(FieldKind.TransferEncoding))]
    [InlineData("Proxy-Connection", nameof(FieldKind.ProxyConnection))]
    [InlineData("Proxy-Authorization", nameof(FieldKind.ProxyAuthorization))]
    [InlineData("Proxy-Authenticate", nameof(FieldKind.Proxy))]
    [InlineData("Proxy-Status", nameof(FieldKind.Proxy))]
    [InlineData("Proxy-X", nameof(FieldKind.Proxy))]
    public void Name_IsKnownInAnyCase_AndNothingElseForIt(string name, string kind)
    {
        Assert.Equal(kind, KindOf(name));
        Assert.Equal(kind, KindOf(name.ToUpperInvariant()));
        Assert.Equal(kind, KindOf(name.ToLowerInvariant()));
        Assert.Equal(nameof(FieldKind.Other), KindOf("X" + name[1..]));
        Assert.Equal(kind.StartsWith("Proxy", System.StringComparison.Ordinal) ? nameof(FieldKind.Proxy) : nameof(FieldKind.Other), KindOf(name + "s"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("Proxy-")]
    [InlineData("Set-Cookie")]
    public void Other_IsAnyOther(string name) => Assert.Equal(nameof(FieldKind.Other), KindOf(name));

    private static string KindOf(string name) => FieldNames.KindOf(Encoding.ASCII.GetBytes(name)).ToString();
}
