using System;
using System.IO;
using System.Net.Sockets;

namespace WmProxy.Listeners;

/// <summary>Opens the listeners of one kind of model.</summary>
internal interface IListenerOpener
{
    /// <summary>The model that it opens listeners of.</summary>
    Type ModelType { get; }

    /// <summary>Opens the address of <paramref name="model"/> without taking anything yet.</summary>
    /// <exception cref="SocketException">The address cannot be bound; nothing is left open.</exception>
    /// <exception cref="IOException">A file that is not a socket is in the way of a Unix domain socket.</exception>
    IBoundListener Open(ListenerModel model);
}
