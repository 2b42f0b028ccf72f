package io.weftmesh.policy.v1alpha1;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import io.fabric8.generator.annotation.Required;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import org.jspecify.annotations.Nullable;

/**
 * What all objects of the group have in common. With setters, since fabric8's client sets the
 * fields one by one.
 */
@JsonDeserialize(using = JsonDeserializer.None.class) // Else fabric8's own, by kind.
@JsonInclude(JsonInclude.Include.NON_NULL)
@JsonPropertyOrder({"apiVersion", "kind", "metadata", "spec", "status"})
@SuppressWarnings("serial") // fabric8 makes every object Serializable; nobody serializes them so.
public abstract class PolicyObject<S> implements HasMetadata, Namespaced {
  static final String GROUP = "policy.weftmesh.io";
  static final String VERSION = "v1alpha1";

  private String apiVersion = HasMetadata.getApiVersion(getClass());
  private String kind = HasMetadata.getKind(getClass());
  private ObjectMeta metadata = new ObjectMeta();
  @Required private @Nullable S spec;
  private @Nullable PolicyStatus status;

  @Override
  public String getApiVersion() {
    return apiVersion;
  }

  @Override
  public void setApiVersion(String apiVersion) {
    this.apiVersion = apiVersion;
  }

  @Override
  public String getKind() {
    return kind;
  }

  public void setKind(String kind) {
    this.kind = kind;
  }

  @Override
  public ObjectMeta getMetadata() {
    return metadata;
  }

  @Override
  public void setMetadata(ObjectMeta metadata) {
    this.metadata = metadata;
  }

  /** What the user wants; null only in a file that lacks it. */
  public @Nullable S getSpec() {
    return spec;
  }

  public void setSpec(@Nullable S spec) {
    this.spec = spec;
  }

  /** What became of it; null until the policy controller has looked at it. */
  public @Nullable PolicyStatus getStatus() {
    return status;
  }

  public void setStatus(@Nullable PolicyStatus status) {
    this.status = status;
  }
}
