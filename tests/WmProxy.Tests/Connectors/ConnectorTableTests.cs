using System;
using WmProxy.Connectors;

namespace WmProxy.Tests.Connectors;

public sealed class ConnectorTableTests
{
    [Fact]
    public void TryGet_RegisteredScheme_Finds()
    {
        var unix = new UnixConnector();
        var table = new ConnectorTable([unix]);
        Assert.True(table.TryGet("unix", out var found));
        Assert.Same(unix, found);
        Assert.False(table.TryGet("tcp", out _));
    }

    [Theory]
    [InlineData("unix:/a", true)]
    [InlineData("UNIX:/a", true)]
    [InlineData("http://a", false)]
    [InlineData("a", false)]
    [InlineData("", false)]
    public void Dials_Address_LooksAtScheme(string address, bool expected) =>
        Assert.Equal(expected, new ConnectorTable([new UnixConnector()]).Dials(address));

    [Fact]
    public void Constructor_SchemeTwice_Throws() =>
        Assert.Throws<ArgumentException>(() => new ConnectorTable([new UnixConnector(), new UnixConnector()]));
}
