using System.Text;
using WmProxy.ForwardProxy.Http;

namespace WmProxy.Tests.ForwardProxy.Http;

public sealed class RequestHeadTests
{
    private const string Line = "GET http://a/ HTTP/1.1";

    [Fact]
    public void EveryValueOfConnection_IsKept()
    {
        var head = Parse($"{Line}\r\nHost: a\r\nConnection: keep-alive, X-Hop\r\ncOnnection: close\r\n\r\n");

        Assert.Null(head.Error);
        Assert.Equal(["keep-alive, X-Hop", "close"], head.Connection);
    }

    [Fact]
    public void WhatWasLeftUnreadBefore_IsNoPartOfIt()
    {
        var head = Parse($"content\r\n{Line}\r\nTransfer-Encoding: x\r\n\r\n{Line}\r\nHost: a\r\n\r\n");

        Assert.Null(head.Error);
    }

    [Fact]
    public void FieldThatLooksLikeTheRequestLine_HidesNothing()
    {
        Assert.NotNull(Parse($"{Line}\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\nX: {Line}\r\nHost: a\r\n\r\n").Error);
        Assert.NotNull(Parse($"{Line}\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\nX:{Line}\r\n\r\n").Error);
    }

    [Theory]
    [InlineData("Host: a\r\nContent-Length: 18446744073709551616\r\n")]
    [InlineData("Host: a\r\nContent-Length: 1, 1\r\n")]
    [InlineData("Host: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n")]
    [InlineData("Host: a\r\nContent-Length:\r\n")]
    [InlineData("Host: a\r\nTransfer-Encoding: identity\r\n")]
    [InlineData("Host: a\r\nTransfer-Encoding: \u000bchunked\r\n")]
    [InlineData("Host: a:99999\r\n")]
    [InlineData("Host: a, b\r\n")]
    [InlineData("Host: a\r\nX: 1\n")]
    [InlineData("Host: a\r\nX: 1\rY: 2\r\n")]
    [InlineData("")]
    public void WhatTwoRecipientsMayReadDifferently_IsAnError(string fields) => Assert.NotNull(Parse($"{Line}\r\n{fields}\r\n").Error);

    private static RequestHead Parse(string bytes) => RequestHead.Parse(Encoding.Latin1.GetBytes(bytes), Line);
}
