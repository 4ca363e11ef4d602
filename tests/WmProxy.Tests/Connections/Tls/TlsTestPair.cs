using System;
using System.Collections.Generic;
using System.IO;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Threading;
using System.Threading.Tasks;
using WmProxy.Configuration;
using WmProxy.Connections;
using WmProxy.Connections.Tls;
using WmProxy.Tests.Common;

namespace WmProxy.Tests.Connections.Tls;

/// <summary>Both ends of a loopback connection, TLS at the server's end done by the code under test.</summary>
internal sealed class TlsTestPair : IDisposable
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    private TlsTestPair(Socket client, Socket server) => (Client, Server) = (client, new SocketTransportStream(server));

    public Socket Client { get; }

    public SocketTransportStream Server { get; }

    public SslStream? ClientTls { get; private set; }

    public TlsTransportStream? ServerTls { get; private set; }

    public static async Task<TlsTestPair> ConnectAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await client.ConnectAsync(listener.LocalEndPoint!);
        return new TlsTestPair(client, await listener.AcceptAsync());
    }

    /// <summary>A connection whose handshake is done at both ends.</summary>
    public static async Task<TlsTestPair> EstablishAsync(
        TlsServerModel model, Action<SslClientAuthenticationOptions>? configure = null, Func<Socket, Stream>? network = null)
    {
        var pair = await ConnectAsync();
        var (result, failure) = await pair.HandshakeAsync(model, configure, network: network);
        Assert.Null(failure);
        Assert.True(result.IsCompleted, result.Error);
        return pair;
    }

    /// <summary>Does a handshake, and returns what each end thinks of it.</summary>
    public async Task<(TlsHandshakeResult Server, Exception? Client)> HandshakeAsync(
        TlsServerModel model, Action<SslClientAuthenticationOptions>? configure = null, string? serverName = null, Func<Socket, Stream>? network = null)
    {
        ClientTls = new SslStream(network is null ? new NetworkStream(Client) : network(Client));
        var options = new SslClientAuthenticationOptions { TargetHost = "a.example", RemoteCertificateValidationCallback = (_, _, _, _) => true };
        configure?.Invoke(options);
        using var timeout = new CancellationTokenSource(Limit);
        var server = ServeAsync();
        var client = await Record.ExceptionAsync(() => ClientTls.AuthenticateAsClientAsync(options, timeout.Token));
        return (await server, client);

        async Task<TlsHandshakeResult> ServeAsync()
        {
            var result = await TlsServerHandshake.AuthenticateAsync(Server, model, serverName, timeout.Token);
            ServerTls = result.Stream;
            if (!result.IsCompleted)
            {
                Server.Dispose();
            }

            return result;
        }
    }

    public static TlsServerModel CreateModel(TestCertificates certificates, StreamTlsConfig config)
    {
        var errors = new List<ConfigError>();
        Assert.True(TlsServerModel.TryCreate(config, "T", certificates.Directory, errors, out var model), string.Join("\n", errors));
        return model;
    }

    /// <summary>A configuration with one certificate for <paramref name="names"/>.</summary>
    public static CertificateConfig WriteCertificate(TestCertificates certificates, params string[] names)
    {
        using var issued = certificates.IssueServer(names);
        var (certificate, key) = certificates.WritePair(names[0].Replace('*', '_'), issued);
        return new CertificateConfig { Path = certificate, KeyPath = key };
    }

    public void Dispose()
    {
        ClientTls?.Dispose();
        Client.Dispose();
        ServerTls?.Dispose();
        Server.Dispose();
    }
}
