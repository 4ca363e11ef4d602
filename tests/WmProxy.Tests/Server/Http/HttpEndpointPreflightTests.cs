using System;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;
using WmProxy.Server.Http;

namespace WmProxy.Tests.Server.Http;

public sealed class HttpEndpointPreflightTests
{
    [Fact]
    public void Check_PortInUse_NamesKeyAddressAndOwner()
    {
        using var listener = Listen(out var port);

        var error = Assert.Single(HttpEndpointPreflight.Check(Endpoints(("web", $"http://127.0.0.1:{port}")), live: null));

        Assert.Equal("Kestrel:Endpoints:web:Url", error.Path);
        Assert.StartsWith($"http://127.0.0.1:{port} is in use by ", error.Message, StringComparison.Ordinal);
        if (OperatingSystem.IsLinux())
        {
            Assert.EndsWith($"this process (pid {Environment.ProcessId}). Stop that program or choose another port", error.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("*")]
    [InlineData("0.0.0.0")]
    [InlineData("any.name.example")]
    public void Check_HostThatIncludesTheTakenAddress_IsRefused(string host)
    {
        using var listener = Listen(out var port);

        Assert.Single(HttpEndpointPreflight.Check(Endpoints(("web", $"http://{host}:{port}")), live: null));
    }

    [Fact]
    public void Check_SeveralWrong_ReportsAll()
    {
        using var listener = Listen(out var port);

        var errors = HttpEndpointPreflight.Check(
            Endpoints(("a", $"http://127.0.0.1:{port}"), ("b", "http://127.0.0.1:0"), ("c", "http://192.0.2.1:0"), ("d", "http://localhost:0")), live: null);

        Assert.Equal(["Kestrel:Endpoints:a:Url", "Kestrel:Endpoints:c:Url", "Kestrel:Endpoints:d:Url"], errors.Select(error => error.Path));
    }

    [Fact]
    public void Check_PortOfALiveEndpoint_IsLeftToKestrel()
    {
        // Kestrel closes the changed endpoint before it opens the new one.
        using var listener = Listen(out var port);

        Assert.Empty(HttpEndpointPreflight.Check(Endpoints(("renamed", $"http://*:{port}")), Endpoints(("web", $"http://127.0.0.1:{port}"))));
    }

    [Fact]
    public void Check_Urls_AreTriedToo()
    {
        using var listener = Listen(out var port);
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("urls", $"http://127.0.0.1:{port};http://127.0.0.1:0")]).Build();

        Assert.Equal("urls", Assert.Single(HttpEndpointPreflight.Check(configuration, live: null)).Path);
    }

    [Fact]
    public void Check_WhatIsNoAddress_IsLeftToTheChecker() => Assert.Empty(HttpEndpointPreflight.Check(Endpoints(("a", "nonsense"), ("b", "http://unix:/tmp/x.sock")), live: null));

    private static IConfiguration Endpoints(params (string Name, string Url)[] endpoints) => new ConfigurationBuilder()
        .AddInMemoryCollection(endpoints.Select(endpoint => new KeyValuePair<string, string?>($"Kestrel:Endpoints:{endpoint.Name}:Url", endpoint.Url)))
        .Build();

    private static TcpListener Listen(out int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        port = ((IPEndPoint)listener.LocalEndpoint).Port;
        return listener;
    }
}
