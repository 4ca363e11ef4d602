using System;
using System.Net;
using System.Security.Cryptography;
using WmProxy.Connections;
using WmProxy.Listeners;
using WmProxy.Relay.Bandwidth;

namespace WmProxy.ForwardProxy.Http;

/// <summary>What the requests of one client connection share; a feature of the connection. They come one after the other.</summary>
internal sealed class ForwardHttpConnection : IDisposable
{
    private readonly ForwardHttpClientFactory _clients;
    private ForwardProxyModel? _authenticatedBy;
    private byte[]? _authenticated;
    private string? _user;
    private ForwardHttpClients? _ownClients;
    private BandwidthModel? _bandwidthModel;
    private BandwidthLease? _bandwidth;

    public ForwardHttpConnection(ConnectionState state, HandOffConnection handOff, ForwardProxyModel proxy, ForwardHttpClientFactory clients)
    {
        State = state;
        HandOff = handOff;
        Proxy = proxy;
        _clients = clients;
        Head = new HeadCapture(handOff.Transport.Input);
        handOff.Transport = new DuplexPipe(Head, handOff.Transport.Output);
        Client = (state.ClientEndPoint as IPEndPoint)?.Address;
        AccessLog = state.AccessLog;
    }

    public ConnectionState State { get; }

    public HandOffConnection HandOff { get; }

    /// <summary>The configuration that the connection began with.</summary>
    public ForwardProxyModel Proxy { get; }

    /// <summary>The heads of the requests, as they come.</summary>
    public HeadCapture Head { get; }

    /// <summary>The client's address; <see langword="null"/> on a Unix domain socket.</summary>
    public IPAddress? Client { get; }

    /// <summary>Whether each request is a line of the access log; the connection is none then.</summary>
    public bool AccessLog { get; }

    /// <summary>The connections to destinations that the requests may use.</summary>
    public ForwardHttpClients Clients => _ownClients ?? _clients.Shared;

    /// <summary>
    /// From now on the connections to destinations are of this client connection alone: what it authenticates with belongs to a connection rather than to a
    /// request (RFC 4559 section 6, NTLM), and nobody else may come to use that.
    /// </summary>
    public void PinClients() => _ownClients ??= _clients.CreatePinned();

    /// <summary>
    /// The user whose <paramref name="credentials"/> were found right before, by the same configuration: a hash made to be slow is asked once a connection only.
    /// </summary>
    public string? FindUser(ForwardProxyModel proxy, ReadOnlySpan<byte> credentials)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(credentials, hash);
        return _authenticatedBy == proxy && CryptographicOperations.FixedTimeEquals(hash, _authenticated) ? _user : null;
    }

    /// <summary>The <paramref name="credentials"/> are those of <paramref name="user"/>, or of nobody.</summary>
    public void SetUser(ForwardProxyModel proxy, ReadOnlySpan<byte> credentials, string? user)
    {
        _user = user;
        (_authenticatedBy, _authenticated) = user is null ? (null, null) : (proxy, SHA256.HashData(credentials));
    }

    /// <summary>The limits of <paramref name="model"/> for this connection, as long as requests go by it.</summary>
    public BandwidthLease? GetBandwidth(BandwidthModel? model)
    {
        if (model != _bandwidthModel)
        {
            _bandwidth?.Dispose();
            (_bandwidthModel, _bandwidth) = (model, model?.Rent(Client));
        }

        return _bandwidth;
    }

    public void Dispose()
    {
        _bandwidth?.Dispose();
        _ownClients?.Dispose();
    }
}
