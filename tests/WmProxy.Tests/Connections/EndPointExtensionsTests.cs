using System.Net;
using WmProxy.Connections;

namespace WmProxy.Tests.Connections;

public sealed class EndPointExtensionsTests
{
    [Theory]
    [InlineData("::ffff:192.0.2.1", "192.0.2.1")]
    [InlineData("192.0.2.1", "192.0.2.1")]
    [InlineData("2001:db8::1", "2001:db8::1")]
    [InlineData("::1", "::1")]
    public void Unmap_Address_BecomesIPv4OnlyWhereItStandsForOne(string address, string expected)
    {
        Assert.Equal(IPAddress.Parse(expected), IPAddress.Parse(address).Unmap());
        Assert.Equal(new IPEndPoint(IPAddress.Parse(expected), 7), new IPEndPoint(IPAddress.Parse(address), 7).Unmap());
    }

    [Fact]
    public void Unmap_PathOrNothing_StaysWhatItIs()
    {
        var path = new System.Net.Sockets.UnixDomainSocketEndPoint("/run/a");

        Assert.Same(path, path.Unmap());
        Assert.Null(((EndPoint?)null).Unmap());
    }
}
