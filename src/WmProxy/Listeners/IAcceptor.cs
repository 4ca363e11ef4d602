using System.Net;

namespace WmProxy.Listeners;

/// <summary>A listening socket and whoever accepts from it.</summary>
internal interface IAcceptor
{
    /// <summary>Where it listens.</summary>
    EndPoint? EndPoint { get; }

    void Start();

    /// <summary>Closes the listening socket: no connection is accepted once this returns. A Unix domain socket's file is removed.</summary>
    void Close();
}
