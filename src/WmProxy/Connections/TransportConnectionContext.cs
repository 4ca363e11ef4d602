using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO.Pipelines;
using System.Net;
using System.Threading;
using System.Threading.Tasks;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace WmProxy.Connections;

/// <summary>
/// A connection of our own listeners. It owns the <see cref="TransportStream"/>, which handlers use directly; the pipe of
/// <see cref="Transport"/> is made only when somebody asks for it, and so are the collections that most connections never need.
/// </summary>
internal sealed class TransportConnectionContext : ConnectionContext, ITransportStreamFeature
{
    private IFeatureCollection? _features;
    private IDictionary<object, object?>? _items;
    private IDuplexPipe? _transport;
    private string? _connectionId;
    private CancellationTokenSource? _closed;
    private bool _isClosed;

    public TransportConnectionContext(TransportStream stream, ConnectionState state)
    {
        Stream = stream;
        State = state;
    }

    public TransportStream Stream { get; set; }

    public ConnectionState State { get; }

    public override string ConnectionId
    {
        get => _connectionId ??= State.Id.ToString("x", CultureInfo.InvariantCulture);
        set => _connectionId = value;
    }

    public override IFeatureCollection Features
    {
        get
        {
            if (_features is null)
            {
                _features = new FeatureCollection(4);
                _features.Set<ITransportStreamFeature>(this);
            }

            return _features;
        }
    }

    public override IDictionary<object, object?> Items
    {
        get => _items ??= new ConnectionItems();
        set => _items = value;
    }

    public override IDuplexPipe Transport
    {
        get => _transport ??= new TransportStreamPipe(Stream);
        set => _transport = value;
    }

    public override EndPoint? LocalEndPoint
    {
        get => State.GetLocalEndPoint();
        set => State.LocalEndPoint = value;
    }

    public override EndPoint? RemoteEndPoint
    {
        get => State.ClientEndPoint;
        set => State.ClientEndPoint = value;
    }

    public override CancellationToken ConnectionClosed
    {
        get
        {
            if (_closed is null)
            {
                Interlocked.CompareExchange(ref _closed, new CancellationTokenSource(), null);
                if (Volatile.Read(ref _isClosed))
                {
                    _closed.Cancel();
                }
            }

            return _closed.Token;
        }

        set => throw new NotSupportedException();
    }

    public override void Abort(ConnectionAbortedException abortReason)
    {
        State.Abort(ConnectionEndReason.Killed);
        SetClosed();
    }

    public override async ValueTask DisposeAsync()
    {
        SetClosed();
        if (_transport is TransportStreamPipe pipe)
        {
            await pipe.CompleteAsync();
        }

        await Stream.DisposeAsync();
    }

    private void SetClosed()
    {
        Volatile.Write(ref _isClosed, true);
        _closed?.Cancel();
    }
}
